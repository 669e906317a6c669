const KEPT = 'anju.clock'

/** Remember how far this device's clock is off; `asked` and `answered` are when the question went and the answer came. */
export function noteServerTime(now: string, asked: number, answered: number): void {
  localStorage.setItem(KEPT, String(Math.round(Date.parse(now) - (asked + answered) / 2)))
}

/** The platform's time in unix milliseconds, also without a network. */
export function platformNow(): number {
  return Date.now() + Number(localStorage.getItem(KEPT) ?? 0)
}
