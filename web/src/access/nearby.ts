import { api, ask, type Schema } from '@/api/client'
import { Problem, asProblem } from '@/api/problem'
import { currentLanguage } from '@/texts/i18n'
import { platformNow } from './clock'
import type { PhoneKey } from './keyStore'
import { base64url, uuidBytes } from './permit'

/** Opening a gate that one stands before (docs/gate-protocol.md). The platform need not be there: the permit was fetched earlier. */
export type NearbyPermit = Schema['PermitOut']
export type NearbyGate = Schema['NearbyGate']

const KEPT = 'anju.permit'
const RENEW_BEFORE = 6 * 3_600_000
const PATIENCE = 4000
const CONTEXT = new TextEncoder().encode('anju-nearby-1')

function kept(key: PhoneKey): NearbyPermit | undefined {
  const text = localStorage.getItem(KEPT)
  if (!text) return undefined
  const found = JSON.parse(text) as { key: string; permit: NearbyPermit }
  return found.key === key.id ? found.permit : undefined
}

/** A permit for this phone: fetched when there is a network, else the one that was fetched before. Raises Problem. */
export async function permitFor(key: PhoneKey): Promise<NearbyPermit> {
  const before = kept(key)
  if (before && Date.parse(before.until) - platformNow() > RENEW_BEFORE && !navigator.onLine) return before
  try {
    const permit = await ask(api.POST('/api/v1/permits', { body: { key: key.id } }))
    localStorage.setItem(KEPT, JSON.stringify({ key: key.id, permit }))
    return permit
  } catch (error) {
    const problem = asProblem(error)
    const away = problem.code === 'offline' || problem.status >= 500
    if (before && away && Date.parse(before.until) > platformNow()) return before
    throw problem
  }
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))
}

/** What a phone signs: this gate, its challenge, this permit. */
export async function question(gate: string, challenge: string, permit: string): Promise<Uint8Array<ArrayBuffer>> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(permit)))
  return new Uint8Array([...CONTEXT, ...uuidBytes(gate), ...bytes(challenge), ...digest])
}

export interface GateAnswer {
  open: boolean
  code: string
  zh: string
  en: string
}

/** `local`: a page served by https may ask a gate by http on the local network alone, once the person has allowed it. */
async function gateSays<T>(address: string, path: string, options: RequestInit = {}): Promise<T> {
  const mixed = window.location.protocol === 'https:' && address.startsWith('http:')
  const local = mixed ? { targetAddressSpace: 'local' } : {}
  const answer = await fetch(new URL(path, address), { ...options, ...local, signal: AbortSignal.timeout(PATIENCE) })
  return (await answer.json()) as T
}

/** Whether this phone reaches the gate itself. */
export async function isNear(gate: NearbyGate): Promise<boolean> {
  if (!gate.address) return false
  try {
    const asked = await gateSays<{ gate: string }>(gate.address, '/nearby/challenge')
    return asked.gate === gate.id
  } catch {
    return false
  }
}

/** The message that answers a challenge. */
export async function answerTo(gate: string, challenge: string, permit: NearbyPermit, key: PhoneKey): Promise<string> {
  const asked = await question(gate, challenge, permit.text)
  const signature = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, asked))
  return JSON.stringify({ permit: permit.text, challenge, signature: base64url(signature) })
}

/** The gate's words. Raises Problem with them when it stays shut. */
export function saidBy(gate: GateAnswer): string {
  const text = currentLanguage() === 'en' ? gate.en : gate.zh
  if (!gate.open) throw new Problem(403, gate.code, text)
  return text
}

/** Open it. Raises Problem with the gate's own words; `unreachable`: this phone does not reach it. */
export async function openNearby(gate: NearbyGate, permit: NearbyPermit, key: PhoneKey): Promise<string> {
  let said: GateAnswer
  try {
    const { challenge } = await gateSays<{ challenge: string }>(gate.address, '/nearby/challenge')
    const body = await answerTo(gate.id, challenge, permit, key)
    said = await gateSays<GateAnswer>(gate.address, '/nearby/open', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
  } catch {
    throw new Problem(0, 'unreachable', '')
  }
  return saidBy(said)
}

const EARTH = 6_371_000

/** Metres between two places, as the crow flies; good enough for gates of one city. */
export function metres(one: { latitude: number; longitude: number }, other: { latitude: number; longitude: number }): number {
  const radians = Math.PI / 180
  const north = (other.latitude - one.latitude) * radians
  const east = (other.longitude - one.longitude) * radians * Math.cos(((one.latitude + other.latitude) / 2) * radians)
  return Math.round(EARTH * Math.hypot(north, east))
}
