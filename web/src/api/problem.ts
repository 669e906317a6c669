import { i18n } from '@/texts/i18n'

export interface FieldError {
  field: string
  message: string
}

/** Why a call failed, in the reader's language: `message` is what to show. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly errors: FieldError[] = [],
    readonly purpose: string | null = null,
  ) {
    super(message)
  }

  /** The server's sentence for one field of a form. */
  of(field: string): string {
    return this.errors.find((error) => error.field === field)?.message ?? ''
  }
}

export function offline(): Problem {
  return new Problem(0, 'offline', i18n.global.t('error.offline'))
}

/** A problem+json answer, or whatever else came instead of one. */
export function problemOf(status: number, body: unknown): Problem {
  const said = (body ?? {}) as { code?: string; detail?: string; errors?: FieldError[]; purpose?: string }
  const { t } = i18n.global
  const message = said.detail ?? (status === 429 ? t('error.tooMany') : t('error.unexpected', { status }))
  return new Problem(status, said.code ?? 'unexpected', message, said.errors ?? [], said.purpose ?? null)
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(-1, 'unexpected', i18n.global.t('error.broken'))
}
