import { ref } from 'vue'
import { asProblem } from '@/api/problem'

interface Question {
  /** What the password is for. */
  title: string
  amount?: number
  wrong: string
  answer: (password: string | null) => void
}

/** What the sheet in App asks for just now. */
export const question = ref<Question | null>(null)

/** Do something with the payment password: asks for it, and again when it is wrong. Raises Problem; undefined: they thought better of it. */
export async function withPassword<T>(title: string, act: (password: string) => Promise<T>, amount?: number): Promise<T | undefined> {
  let wrong = ''
  for (;;) {
    const password = await new Promise<string | null>((answer) => {
      question.value = { title, amount, wrong, answer }
    })
    question.value = null
    if (password === null) return undefined
    try {
      return await act(password)
    } catch (error) {
      const problem = asProblem(error)
      if (problem.code !== 'password_wrong') throw error
      wrong = problem.message
    }
  }
}
