/** How each kind of bill is drawn. */
export const icon = { electric: 'fire-o', water: 'filter-o', gas: 'hot-o' } as const

export type Service = keyof typeof icon
export const services: readonly Service[] = ['electric', 'water', 'gas']
