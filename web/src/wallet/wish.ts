import type { Problem } from '@/api/problem'

/** Names what somebody is about to do, so that it is done once though it be sent twice; null where the browser makes no such names. */
export const newWish = (): string | null => ('randomUUID' in crypto ? crypto.randomUUID() : null)

/** After a refusal the next try is another wish. Whether one without an answer was carried out is not known: it stays the same. */
export const nextWish = (wish: string | null, problem: Problem): string | null => (problem.status > 0 && problem.status < 500 && problem.code !== 'being_done' ? newWish() : wish)
