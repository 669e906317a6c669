import { currentLanguage } from './i18n'

export const ZONE = 'Asia/Shanghai'

function written(time: string | Date, options: Intl.DateTimeFormatOptions): string {
  const locale = currentLanguage() === 'en' ? 'en-GB' : 'zh-CN'
  return new Intl.DateTimeFormat(locale, { timeZone: ZONE, hour12: false, ...options }).format(new Date(time))
}

function sameDay(one: Date, other: Date): boolean {
  const day = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE })
  return day.format(one) === day.format(other)
}

export function dateText(time: string): string {
  return written(time, { year: 'numeric', month: 'long', day: 'numeric' })
}

export function dateTimeText(time: string): string {
  return written(time, { year: 'numeric', month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit' })
}

/** The hour today, the day and hour before. */
export function briefTime(time: string): string {
  const hours: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' }
  return sameDay(new Date(time), new Date()) ? written(time, hours) : written(time, { month: 'numeric', day: 'numeric', ...hours })
}

/** The hour of the day in the community, 0 to 23. */
export function hourNow(): number {
  return Number(new Intl.DateTimeFormat('en-GB', { timeZone: ZONE, hour: '2-digit', hour12: false }).format(new Date()))
}
