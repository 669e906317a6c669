import { expect, test } from 'vitest'
import { idNumberFault } from '@/homes/idNumber'

const today = new Date(2026, 0, 1)

test('a well-formed number has no fault, with or without spaces and in either case', () => {
  expect(idNumberFault('11010519491231002X', today)).toBeNull()
  expect(idNumberFault(' 110105 19491231 002x ', today)).toBeNull()
})

test('a wrong last character is told apart from a wrong form', () => {
  expect(idNumberFault('110105194912310021', today)).toBe('check')
  expect(idNumberFault('1101051949123100', today)).toBe('form')
  expect(idNumberFault('11010519491231OO2X', today)).toBe('form')
})

test('a day that does not exist, or has not come, is refused', () => {
  expect(idNumberFault('11010519490230002X'.slice(0, 17) + check('11010519490230002'), today)).toBe('date')
  expect(idNumberFault('11010520991231002' + check('11010520991231002'), today)).toBe('date')
})

function check(first: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  return '10X98765432'[weights.reduce((sum, weight, place) => sum + weight * Number(first[place]), 0) % 11]!
}
