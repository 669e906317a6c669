import { ZONE } from '@/texts/times'

const HOUR = 3_600_000
const FIELD = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' })

/** A moment as a datetime-local field writes it, in the community's time wherever the phone is. */
export function local(time: Date): string {
  return FIELD.format(time).replace(' ', 'T')
}

/** What such a field says, as a moment. China keeps one offset all year. */
export function moment(text: string): string {
  return new Date(`${text}:00+08:00`).toISOString()
}

/** The end of a window that begins at `from`: some hours later, or the end of the day. */
export function hoursAfter(from: string, hours: number): string {
  return local(new Date(new Date(moment(from)).getTime() + hours * HOUR))
}

export function endOfDay(from: string): string {
  return `${from.slice(0, 10)}T23:59`
}
