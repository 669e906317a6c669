import { ref } from 'vue'
import { Problem } from '@/api/problem'
import { i18n } from '@/texts/i18n'
import type { Flow } from './account'

interface Asked {
  flows: Flow[]
  done: (proven: boolean) => void
}

/** What the sheet in App shows: somebody is to prove again that it is them. */
export const asked = ref<Asked | null>(null)

/** Ask for the password or a code before something sensitive. Raises Problem when they decline. */
export async function proveItIsYou(flows: Flow[]): Promise<void> {
  const proven = await new Promise<boolean>((done) => {
    asked.value = { flows, done }
  })
  asked.value = null
  if (!proven) throw new Problem(401, 'declined', i18n.global.t('prove.declined'))
}
