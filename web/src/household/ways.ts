/** The ways in that an owner may switch off for others. */
export const WAYS = ['face', 'qr', 'nearby', 'remote', 'plate', 'card'] as const
