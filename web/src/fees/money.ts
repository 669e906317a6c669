/** 12345 fen -> `123.45`; thousands are told apart. */
export function yuan(fen: number): string {
  return (fen / 100).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
}
