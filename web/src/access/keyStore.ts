/** Keys that were made on this device and cannot be read out of it, by name. */
const STORE = 'keys'

/** id: what the server calls it. person: whose it is, '' when it is a visitor's. */
export interface PhoneKey {
  id: string
  person: string
  privateKey: CryptoKey
}

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

export async function keptKey(name: string): Promise<PhoneKey | undefined> {
  return settled<PhoneKey | undefined>((await store('readonly')).get(name))
}

export async function keepKey(name: string, key: PhoneKey): Promise<void> {
  await settled((await store('readwrite')).put(key, name))
}

export async function dropKey(name: string): Promise<void> {
  await settled((await store('readwrite')).delete(name))
}

/** A new pair: the private half stays, the public half (65 bytes) is to be registered. */
export async function newKey(): Promise<{ privateKey: CryptoKey; point: Uint8Array }> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  return { privateKey: pair.privateKey, point: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)) }
}
