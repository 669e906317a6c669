import { api, ask } from '@/api/client'
import { asProblem } from '@/api/problem'
import { dropKey, keepKey, keptKey, newKey, type PhoneKey } from './keyStore'
import { base64url } from './permit'

export type { PhoneKey }

const NAME = 'phone'

export function phoneKey(): Promise<PhoneKey | undefined> {
  return keptKey(NAME)
}

export function forgetPhoneKey(): Promise<void> {
  return dropKey(NAME)
}

function label(): string {
  const system = ['HarmonyOS', 'Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => navigator.userAgent.includes(name))
  return system ?? ''
}

/** Make a key on this phone and register its public half. Raises Problem. */
export async function registerPhone(person: string): Promise<PhoneKey> {
  const { privateKey, point } = await newKey()
  const { id } = await ask(api.POST('/api/v1/keys', { body: { public: base64url(point), label: label() } }))
  const key: PhoneKey = { id, person, privateKey }
  await keepKey(NAME, key)
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
