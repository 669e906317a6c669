import { ref } from 'vue'
import { asProblem, Problem } from '@/api/problem'
import { i18n } from '@/texts/i18n'

/** Set while somebody is to prove that it is them. */
export const asked = ref<((proven: boolean) => void) | null>(null)

/** Do something that needs a proof: asks for one when it is missing, then goes on. Raises Problem, also when they decline. */
export async function withProof<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (asProblem(error).code !== 'proof_required') throw error
    const proven = await new Promise<boolean>((done) => {
      asked.value = done
    })
    asked.value = null
    if (!proven) throw new Problem(403, 'declined', i18n.global.t('prove.declined'))
    return act()
  }
}
