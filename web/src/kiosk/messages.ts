import type { Ice } from '@/intercom/connection'
import type { SipAccount } from './sip'

/** What the gate program tells this page (docs/gate-protocol.md, the kiosk). */
export type State = 'idle' | 'looking' | 'granted' | 'refused' | 'enrolled' | 'wait'

export interface Frame {
  type: 'frame'
  state: State
  code: string | null
  zh: string
  en: string
  box: [number, number, number, number] | null
  say: boolean
}

export interface Status {
  type: 'status'
  online: boolean
  name: string
  door: 'open' | 'closed'
  now: string
}

/** Why a call is over, and what happened to it before. */
export type CallMessage =
  | { type: 'call'; state: 'ringing'; call: string; sip: SipAccount | Record<string, never> }
  | { type: 'call'; state: 'taken' }
  | { type: 'call'; state: 'answer'; sdp: string }
  | { type: 'call'; state: 'over'; why: string; messages: boolean; call: string | null }

export interface Place {
  id: string
  name: string
}

export type Directory = { type: 'directory'; ok: true; off: boolean; units: Place[]; ice: Ice[] } | { type: 'directory'; ok: false; code: string }
export type Rooms = { type: 'rooms'; unit: string; ok: true; rooms: Place[] } | { type: 'rooms'; unit: string; ok: false; code: string }

/** What became of a message that a visitor left. */
export interface Left {
  type: 'message'
  ok: boolean
  code: string | null
}

export type Message = Frame | Status | CallMessage | Directory | Rooms | Left
