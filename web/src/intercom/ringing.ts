import { shallowRef } from 'vue'
import type { Schema } from '@/api/client'
import type { Facts } from '@/live/stream'

/** A call that rings: known by its name first, and by its gate and home a moment later. */
export type Ringing = Pick<Schema['CallOut'], 'id'> & Partial<Pick<Schema['CallOut'], 'gate' | 'home'>>

const EVERY = 3_000
const SOON = 1_000
/** So long a call rings at most; it counts from when this device first knew of it, whose clock may be wrong. */
const LONGEST = 35_000

/** What rings for this person, asked again for as long as something does: its end may have been missed. asked: raises while the platform cannot be reached. */
export function useRinging(asked: () => Promise<Ringing[]>) {
  const ringing = shallowRef<Ringing[]>([])
  const since = new Map<string, number>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0

  function keep(found: Ringing[]): void {
    for (const id of since.keys()) if (!found.some((one) => one.id === id)) since.delete(id)
    for (const { id } of found) if (!since.has(id)) since.set(id, Date.now())
    ringing.value = found
  }

  async function look(): Promise<void> {
    clearTimeout(timer)
    const mine = ++turn
    const found = await asked().catch(() => null)
    if (mine !== turn) return // asked again since, or nobody is to be rung any more
    // Not told is not over: the visitor still waits.
    keep(found ?? ringing.value.filter(({ id }) => Date.now() - (since.get(id) ?? 0) < LONGEST))
    if (ringing.value.length) timer = setTimeout(look, found ? EVERY : SOON)
  }

  /** It rings from the moment it is heard of; at which gate, and for which home, is asked meanwhile. */
  function hear({ id, state }: Facts): void {
    if (id && state) {
      const others = ringing.value.filter((one) => one.id !== id)
      if (state !== 'ringing') keep(others)
      else if (others.length === ringing.value.length) keep([{ id }, ...others])
    }
    void look()
  }

  function stop(): void {
    clearTimeout(timer)
    turn += 1
    keep([])
  }

  return { ringing, look, hear, stop }
}
