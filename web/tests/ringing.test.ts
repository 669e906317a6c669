import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { useRinging, type Ringing } from '@/intercom/ringing'

const CALL = { id: '7', gate: '东门', home: '1栋1单元101' }
let answers: () => Promise<Ringing[]>
let asked: number

beforeEach(() => {
  vi.useFakeTimers()
  asked = 0
})

afterEach(() => vi.useRealTimers())

const away = (): Promise<Ringing[]> => Promise.reject(new Error('away'))
const says = (...calls: Ringing[]) => () => Promise.resolve(calls)

function begin() {
  return useRinging(() => {
    asked += 1
    return answers()
  })
}

async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds)
}

test('it goes on ringing while the platform cannot be asked, and what is asked again soon has the last word', async () => {
  answers = says(CALL)
  const { ringing, look } = begin()
  await look()
  answers = away
  await pass(3_000)
  expect(ringing.value).toEqual([CALL])
  answers = says()
  await pass(1_000)
  expect(ringing.value).toEqual([])
  await pass(60_000)
  expect(asked).toBe(3)
})

test('what nobody can be asked about stops when no call rings any more', async () => {
  answers = away
  const { ringing, hear } = begin()
  hear({ id: '7', state: 'ringing' })
  await pass(20_000)
  hear({ id: '8', state: 'ringing' })
  await pass(14_000)
  expect(ringing.value.map(({ id }) => id)).toEqual(['8', '7'])
  await pass(2_000)
  expect(ringing.value.map(({ id }) => id)).toEqual(['8'])
  await pass(20_000)
  expect(ringing.value).toEqual([])
})

test('a call that is said to be over stops, even when nothing can be asked', async () => {
  answers = away
  const { ringing, hear } = begin()
  hear({ id: '7', state: 'ringing' })
  await pass(0)
  hear({ id: '7', state: 'answered' })
  await pass(0)
  expect(ringing.value).toEqual([])
})

test('an answer that was overtaken is not heard', async () => {
  let late: (calls: Ringing[]) => void = () => undefined
  answers = () => new Promise((resolve) => (late = resolve))
  const { ringing, look, stop } = begin()
  void look()
  stop()
  late([CALL])
  await pass(60_000)
  expect(ringing.value).toEqual([])
  expect(asked).toBe(1)
})
