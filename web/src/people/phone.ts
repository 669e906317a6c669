/** A number as people type it, in E.164; a bare Chinese mobile number gets +86. */
export function e164(typed: string): string {
  const digits = typed.replace(/[\s-()]/g, '')
  return digits.startsWith('+') ? digits : `+86${digits}`
}

export function looksLikePhone(typed: string): boolean {
  return /^\+861[3-9]\d{9}$|^\+(?!86)\d{7,15}$/.test(e164(typed))
}
