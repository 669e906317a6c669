import { onUnmounted } from 'vue'
import type { Schema } from '@/api/client'

const EVERY = 3_000

/** A phone goes on to the institution's own page; other screens show a code to scan. */
export const shown = navigator.maxTouchPoints > 0 ? 'page' : 'code'

/** Whether it can still be paid. */
export const isOpen = (payment: Schema['PaymentOut']): boolean => payment.state === 'created' || payment.state === 'waiting'

/** Look again and again for as long as somebody looks at the page. */
export function lookAgain(look: () => unknown): void {
  const timer = setInterval(() => document.visibilityState === 'visible' && look(), EVERY)
  onUnmounted(() => clearInterval(timer))
}
