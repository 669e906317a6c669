import type { Schema } from '@/api/client'

/** A call that rings: known by its name first, and by its gate and home a moment later. */
export type Ringing = Pick<Schema['CallOut'], 'id'> & Partial<Pick<Schema['CallOut'], 'gate' | 'home'>>
