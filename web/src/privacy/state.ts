import type { Schema } from '@/api/client'

export type ConsentState = 'none' | 'granted' | 'withdrawn' | 'restricted' | 'stale'

export function stateOf(purpose: Schema['PurposeOut']): ConsentState {
  return String(purpose.state) as ConsentState
}
