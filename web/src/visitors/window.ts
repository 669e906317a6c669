/** Times as a datetime-local field writes them, in this device's zone. */
export function local(time: Date): string {
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000)
  return shifted.toISOString().slice(0, 16)
}

export function moment(text: string): string {
  return new Date(text).toISOString()
}

const HOUR = 3_600_000

/** The end of a window that begins at `from`: some hours later, or the end of the day so many days on. */
export function hoursAfter(from: string, hours: number): string {
  return local(new Date(new Date(from).getTime() + hours * HOUR))
}

export function endOfDay(from: string, days: number): string {
  const end = new Date(from)
  end.setDate(end.getDate() + days)
  end.setHours(23, 59, 0, 0)
  return local(end)
}
