import { expect, test } from 'vitest'
import { keysAfter, pressed, spaced } from '@/vehicles/keys'

test('a plate begins with its province and goes on with the office’s letter', () => {
  expect(keysAfter('').flat()).toContain('鲁')
  expect(keysAfter('').flat()).not.toContain('A')
  expect(keysAfter('鲁').flat()).toContain('A')
  expect(keysAfter('鲁').flat()).not.toContain('1')
})

test('no serial number holds I or O', () => {
  expect(keysAfter('鲁A').flat()).toContain('1')
  for (const letter of 'IO') expect(keysAfter('鲁A').flat()).not.toContain(letter)
})

test('what ends special plates is offered at the end alone', () => {
  expect(keysAfter('鲁A123').flat()).not.toContain('学')
  expect(keysAfter('鲁A1234').flat()).toContain('学')
})

test('nothing is typed beyond the longest plate', () => {
  expect(pressed('鲁AD1234', '5')).toBe('鲁AD12345')
  expect(pressed('鲁AD12345', '6')).toBe('鲁AD12345')
})

test('a plate is shown as it is written', () => {
  expect(spaced('鲁A12345')).toBe('鲁A·12345')
  expect(spaced('鲁')).toBe('鲁')
  expect(spaced('使014578')).toBe('使014578')
})
