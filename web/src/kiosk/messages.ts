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

export type Message = Frame | Status
