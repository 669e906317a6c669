import { expect, test } from 'vitest'
import { pieces } from '@/access/bluetooth'
import { metres, question } from '@/access/nearby'

test('what is signed is the context, the gate, the challenge and the permit’s digest', async () => {
  const asked = await question('01020304-0506-0708-090a-0b0c0d0e0f10', 'AAEC', 'ANJUP1.x')
  expect([...asked.slice(0, 13)]).toEqual([...new TextEncoder().encode('anju-nearby-1')])
  expect([...asked.slice(13, 29)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
  expect([...asked.slice(29, 32)]).toEqual([0, 1, 2])
  expect(asked.length).toBe(13 + 16 + 3 + 32)
})

test('a thousandth of a degree north is about 111 metres', () => {
  expect(metres({ latitude: 36.66, longitude: 117.02 }, { latitude: 36.661, longitude: 117.02 })).toBe(111)
})

test('a message over the air says with each piece whether more follow', () => {
  const sent = pieces(new Uint8Array([1, 2, 3, 4, 5]), 2)
  expect(sent.map((piece) => [...piece])).toEqual([
    [1, 1, 2],
    [1, 3, 4],
    [0, 5],
  ])
  expect(pieces(new Uint8Array([])).map((piece) => [...piece])).toEqual([[0]])
})
