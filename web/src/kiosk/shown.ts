import { computed, ref } from 'vue'
import type { Frame } from './messages'

const HOLD = { granted: 3_000, refused: 4_000, enrolled: 4_000 } as const

/** What the screen shows: a decision stays long enough to be read, whatever frames say meanwhile. */
export function useShown() {
  const frame = ref<Frame | null>(null)
  const decision = ref<Frame | null>(null)
  let timer: ReturnType<typeof setTimeout> | undefined

  function take(next: Frame): void {
    frame.value = next
    const decides = next.state in HOLD
    // A new decision replaces the old one; the same one repeated, frame after frame, does not prolong it.
    if (!decides || (decision.value && !next.say)) return
    clearTimeout(timer)
    decision.value = next
    timer = setTimeout(() => (decision.value = null), HOLD[next.state as keyof typeof HOLD])
  }

  function clear(): void {
    clearTimeout(timer)
    frame.value = decision.value = null
  }

  return { take, clear, frame, shown: computed(() => decision.value ?? frame.value) }
}
