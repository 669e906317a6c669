import { ref, shallowRef, type Ref } from 'vue'
import { asProblem, type Problem } from '@/api/problem'

interface Loaded<T> {
  value: Readonly<Ref<T | undefined>>
  loading: Readonly<Ref<boolean>>
  problem: Readonly<Ref<Problem | null>>
  load: () => Promise<void>
}

/** Something the server knows, loaded now and again on `load`; what was there stays visible meanwhile. */
export function loaded<T>(fetch: () => Promise<T>): Loaded<T> {
  const value = shallowRef<T>()
  const loading = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let latest = 0

  async function load(): Promise<void> {
    const turn = ++latest
    loading.value = true
    try {
      const found = await fetch()
      if (turn === latest) {
        value.value = found
        problem.value = null
      }
    } catch (error) {
      if (turn === latest && value.value === undefined) problem.value = asProblem(error)
    } finally {
      if (turn === latest) loading.value = false
    }
  }

  void load()
  return { value, loading, problem, load }
}
