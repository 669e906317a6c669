import { api, ask } from '@/api/client'
import { asProblem } from '@/api/problem'
import { base64url } from './permit'

/** This phone's own key. The private half cannot be read out, not even by us. */
export interface PhoneKey {
  id: string
  person: string
  privateKey: CryptoKey
}

const STORE = 'keys'
const NAME = 'phone'

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'))
  })
}

async function store(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const opening = indexedDB.open('anju', 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
  const database = await settled(opening)
  return database.transaction(STORE, mode).objectStore(STORE)
}

export async function phoneKey(): Promise<PhoneKey | undefined> {
  return settled<PhoneKey | undefined>((await store('readonly')).get(NAME))
}

export async function forgetPhoneKey(): Promise<void> {
  await settled((await store('readwrite')).delete(NAME))
}

function label(): string {
  const system = ['HarmonyOS', 'Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => navigator.userAgent.includes(name))
  return system ?? ''
}

/** Make a key on this phone and register its public half. Raises Problem. */
export async function registerPhone(person: string): Promise<PhoneKey> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const { id } = await ask(api.POST('/api/v1/keys', { body: { public: base64url(point), label: label() } }))
  const key: PhoneKey = { id, person, privateKey: pair.privateKey }
  await settled((await store('readwrite')).put(key, NAME))
  return key
}

/** This phone's key when the server still knows it; without a network, the key as it lies here. */
export async function knownPhoneKey(person: string | undefined): Promise<PhoneKey | undefined> {
  const key = await phoneKey()
  if (!key) return undefined
  if (person && key.person !== person) {
    await forgetPhoneKey()
    return undefined
  }
  try {
    const keys = await ask(api.GET('/api/v1/keys'))
    if (keys.some((one) => one.id === key.id)) return key
  } catch (error) {
    if (asProblem(error).code === 'offline') return key
    throw error
  }
  await forgetPhoneKey()
  return undefined
}

/** Take this phone's key back, here and at every gate. Raises Problem. */
export async function removePhone(id: string): Promise<void> {
  await ask(api.DELETE('/api/v1/keys/{key}', { params: { path: { key: id } } }))
  if ((await phoneKey())?.id === id) await forgetPhoneKey()
}
