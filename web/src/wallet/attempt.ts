import { ref, type Ref } from 'vue'
import { asProblem, type Problem } from '@/api/problem'

interface Attempting {
  busy: Ref<boolean>
  wrong: Ref<Problem | null>
  attempt: (act: () => Promise<void>) => Promise<boolean>
}

/** Doing something that may be refused. Resolves to whether it was done. */
export function attempting(): Attempting {
  const busy = ref(false)
  const wrong = ref<Problem | null>(null)

  async function attempt(act: () => Promise<void>): Promise<boolean> {
    busy.value = true
    wrong.value = null
    try {
      await act()
      return true
    } catch (error) {
      wrong.value = asProblem(error)
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, wrong, attempt }
}
