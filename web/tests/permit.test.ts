import { expect, test } from 'vitest'
import { makePermit, permitHead, uuidBytes } from '@/access/permit'

const KEY = '01a20e0e-2baf-7d1c-8297-26aa98f29c93'

test('a permit begins with the key id, the second and the nonce', () => {
  const head = permitHead(KEY, 0x01020304, Uint8Array.of(9, 8, 7, 6))
  expect([...head.slice(0, 16)]).toEqual([...uuidBytes(KEY)])
  expect([...head.slice(16)]).toEqual([1, 2, 3, 4, 9, 8, 7, 6])
})

test('a permit is signed over its context and head by the phone key', async () => {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify'])
  const permit = await makePermit(KEY, pair.privateKey, 1_800_000_000_999)
  expect(permit).toMatch(/^ANJU1\.[\w-]{118}$/)
  const raw = Uint8Array.from(Buffer.from(permit.slice(6), 'base64url'))
  expect(raw).toHaveLength(88)
  expect(new DataView(raw.buffer).getUint32(16)).toBe(1_800_000_000)
  const signed = new Uint8Array([...new TextEncoder().encode('anju-qr-1'), ...raw.slice(0, 24)])
  expect(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, pair.publicKey, raw.slice(24), signed)).toBe(true)
})
