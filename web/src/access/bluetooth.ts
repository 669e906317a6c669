import { Problem } from '@/api/problem'
import { answerTo, saidBy, type GateAnswer, type NearbyPermit } from './nearby'
import type { PhoneKey } from './keyStore'
import { base64url } from './permit'

/** The gate's GATT profile (docs/gate-protocol.md). Browsers that have Web Bluetooth only: Chrome on Android and on desktops. */
const SERVICE = '616e6a75-0001-4000-8000-00805f9b34fb'
const QUESTION = '616e6a75-0002-4000-8000-00805f9b34fb'
const ANSWER = '616e6a75-0003-4000-8000-00805f9b34fb'
const RESULT = '616e6a75-0004-4000-8000-00805f9b34fb'
const PIECE = 180
const PATIENCE = 8000

interface Remote extends EventTarget {
  value?: DataView
  readValue(): Promise<DataView>
  writeValueWithResponse(piece: BufferSource): Promise<void>
  startNotifications(): Promise<Remote>
}

interface Radio {
  requestDevice(wanted: { filters: { services: string[] }[] }): Promise<{
    gatt: {
      connect(): Promise<{ getPrimaryService(uuid: string): Promise<{ getCharacteristic(uuid: string): Promise<Remote> }> }>
      disconnect(): void
    }
  }>
}

function radio(): Radio | undefined {
  return (navigator as { bluetooth?: Radio }).bluetooth
}

export const hasBluetooth = (): boolean => radio() !== undefined

/** A message in frames; the first byte says whether more follow. */
export function pieces(message: Uint8Array, size = PIECE): Uint8Array<ArrayBuffer>[] {
  const count = Math.max(1, Math.ceil(message.length / size))
  return Array.from({ length: count }, (_, place) => new Uint8Array([place === count - 1 ? 0 : 1, ...message.slice(place * size, (place + 1) * size)]))
}

function result(from: Remote): Promise<GateAnswer> {
  return new Promise((resolve, reject) => {
    let heard: number[] = []
    setTimeout(() => reject(new Problem(0, 'unreachable', '')), PATIENCE)
    from.addEventListener('characteristicvaluechanged', () => {
      const piece = new Uint8Array(from.value?.buffer ?? new ArrayBuffer(0))
      heard = [...heard, ...piece.slice(1)]
      if (piece[0] === 0) resolve(JSON.parse(new TextDecoder().decode(new Uint8Array(heard))) as GateAnswer)
    })
  })
}

function uuidOf(bytes: Uint8Array): string {
  const digits = [...bytes].map((one) => one.toString(16).padStart(2, '0')).join('')
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-')
}

/** Open the gate that the person picks in the browser's own list. Raises Problem with the gate's words; undefined: nothing picked. */
export async function openByBluetooth(permit: NearbyPermit, key: PhoneKey): Promise<string | undefined> {
  const device = await radio()
    ?.requestDevice({ filters: [{ services: [SERVICE] }] })
    .catch(() => undefined)
  if (!device) return undefined
  try {
    const service = await (await device.gatt.connect()).getPrimaryService(SERVICE)
    const [question, answer, told] = await Promise.all([QUESTION, ANSWER, RESULT].map((uuid) => service.getCharacteristic(uuid)))
    if (!question || !answer || !told) throw new Problem(0, 'unreachable', '')
    const coming = result(await told.startNotifications())
    const asked = new Uint8Array((await question.readValue()).buffer)
    const body = await answerTo(uuidOf(asked.slice(0, 16)), base64url(asked.slice(16)), permit, key)
    for (const piece of pieces(new TextEncoder().encode(body))) await answer.writeValueWithResponse(piece)
    return saidBy(await coming)
  } catch (error) {
    throw error instanceof Problem ? error : new Problem(0, 'unreachable', '')
  } finally {
    device.gatt.disconnect()
  }
}
