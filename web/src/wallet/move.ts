import type { Ref } from 'vue'
import { useRouter } from 'vue-router'
import type { Schema } from '@/api/client'
import type { Problem } from '@/api/problem'
import { withConsent } from '@/privacy/ask'
import { withProof } from '@/rights/proof'
import { attempting } from './attempt'
import { withPassword } from './secret'
import { newWish, nextWish } from './wish'

interface Mover {
  busy: Ref<boolean>
  wrong: Ref<Problem | null>
  move: (title: string, amount: number, act: (password: string, wish: string | null) => Promise<Schema['WalletMovementOut']>) => Promise<void>
}

/** Moving money: the payment password, whatever else is wanted, and then the movement's own page. */
export function mover(): Mover {
  const router = useRouter()
  const { busy, wrong, attempt } = attempting()
  let wish = newWish()

  async function move(title: string, amount: number, act: (password: string, wish: string | null) => Promise<Schema['WalletMovementOut']>): Promise<void> {
    await attempt(async () => {
      const moved = await withPassword(title, (password) => withConsent(() => withProof(() => act(password, wish))), amount)
      if (moved) await router.replace(`/wallet/movements/${moved.id}`)
    })
    if (wrong.value) wish = nextWish(wish, wrong.value)
  }

  return { busy, wrong, move }
}
