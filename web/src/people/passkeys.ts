import {
  startAuthentication,
  startRegistration,
  type AuthenticationResponseJSON,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser'
import { Problem } from '@/api/problem'
import { i18n } from '@/texts/i18n'
import { account } from './account'

interface RequestOptions {
  request_options: { publicKey: PublicKeyCredentialRequestOptionsJSON }
}

interface CreationOptions {
  creation_options: { publicKey: PublicKeyCredentialCreationOptionsJSON }
}

/** Whether this browser knows passkeys at all. */
export const passkeysWork = typeof window.PublicKeyCredential === 'function'

async function orSaySo<T>(act: Promise<T>): Promise<T> {
  try {
    return await act
  } catch (error) {
    const known = error instanceof Error && error.name === 'InvalidStateError'
    throw new Problem(-1, 'passkey', i18n.global.t(known ? 'passkey.alreadyHere' : 'passkey.notDone'))
  }
}

/** Ask this device for a passkey, by the options that `path` gives. Raises Problem. */
export async function assertPasskey(path: string): Promise<object> {
  const { data } = await account<RequestOptions>('GET', path)
  return signWithPasskey(data.request_options.publicKey)
}

/** Have this device sign what these options ask for. Raises Problem. */
export async function signWithPasskey(options: PublicKeyCredentialRequestOptionsJSON): Promise<AuthenticationResponseJSON> {
  return orSaySo(startAuthentication({ optionsJSON: options }))
}

/** Make a passkey on this device and keep it with the account. Raises Problem. */
export async function addPasskey(name: string): Promise<void> {
  const path = '/account/authenticators/webauthn'
  const { data } = await account<CreationOptions>('GET', `${path}?passwordless`)
  const credential = await orSaySo(startRegistration({ optionsJSON: data.creation_options.publicKey }))
  await account('POST', path, { name, credential })
}
