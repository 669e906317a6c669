import { expect, test } from 'vitest'
import { endOfDay, hoursAfter, local, moment } from '@/visitors/window'

test('a field is written in the community’s time wherever the phone is', () => {
  expect(local(new Date('2026-11-25T16:30:00Z'))).toBe('2026-11-26T00:30')
  expect(moment('2026-11-26T00:30')).toBe('2026-11-25T16:30:00.000Z')
})

test('a window ends so many hours later, or with the day', () => {
  expect(hoursAfter('2026-11-25T23:00', 2)).toBe('2026-11-26T01:00')
  expect(endOfDay('2026-11-25T09:10')).toBe('2026-11-25T23:59')
})
