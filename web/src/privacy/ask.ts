import { ref } from 'vue'
import { asProblem } from '@/api/problem'

interface Question {
  purpose: string
  answer: (agreed: boolean) => void
}

/** What the sheet in App asks for just now. */
export const question = ref<Question | null>(null)

/** Show one purpose and ask. True: the person agreed, and the server has it. */
export async function agreeTo(purpose: string): Promise<boolean> {
  const agreed = await new Promise<boolean>((answer) => {
    question.value = { purpose, answer }
  })
  question.value = null
  return agreed
}

/** Do something that may need a consent: asks for it when it is missing, then goes on. Raises Problem; undefined: declined. */
export async function withConsent<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    const problem = asProblem(error)
    if (problem.code !== 'consent_required' || !problem.purpose) throw error
    return (await agreeTo(problem.purpose)) ? withConsent(act) : undefined
  }
}
