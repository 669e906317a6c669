const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const CHECKS = '10X98765432'

export type IdNumberFault = 'form' | 'check' | 'date'

export function tidyIdNumber(typed: string): string {
  return typed.replace(/\s/g, '').toUpperCase()
}

/** What is wrong with a citizen's ID number by GB 11643-1999; null: nothing that can be seen. */
export function idNumberFault(typed: string, today = new Date()): IdNumberFault | null {
  const number = tidyIdNumber(typed)
  if (!/^\d{17}[\dX]$/.test(number)) return 'form'
  const sum = WEIGHTS.reduce((total, weight, place) => total + weight * Number(number[place]), 0)
  if (CHECKS[sum % 11] !== number[17]) return 'check'
  const [year, month, day] = [number.slice(6, 10), number.slice(10, 12), number.slice(12, 14)].map(Number) as [number, number, number]
  const born = new Date(year, month - 1, day)
  const exists = born.getFullYear() === year && born.getMonth() === month - 1 && born.getDate() === day
  return exists && year >= 1900 && born <= today ? null : 'date'
}
