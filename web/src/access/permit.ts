/** QR permits, as docs/gate-protocol.md defines them. */
const PREFIX = 'ANJU1.'
const CONTEXT = new TextEncoder().encode('anju-qr-1')

export function uuidBytes(id: string): Uint8Array<ArrayBuffer> {
  const digits = id.replaceAll('-', '')
  return Uint8Array.from({ length: 16 }, (_, place) => Number.parseInt(digits.slice(place * 2, place * 2 + 2), 16))
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** The 24 bytes a permit begins with: key id, unix seconds (big endian), nonce. */
export function permitHead(keyId: string, seconds: number, nonce: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(24)
  head.set(uuidBytes(keyId), 0)
  new DataView(head.buffer).setUint32(16, seconds)
  head.set(nonce, 20)
  return head
}

/** The text of a permit that is good around `now` (unix milliseconds). */
export async function makePermit(keyId: string, privateKey: CryptoKey, now: number): Promise<string> {
  const head = permitHead(keyId, Math.floor(now / 1000), crypto.getRandomValues(new Uint8Array(4)))
  const signed = new Uint8Array([...CONTEXT, ...head])
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, signed)
  return PREFIX + base64url(new Uint8Array([...head, ...new Uint8Array(signature)]))
}
