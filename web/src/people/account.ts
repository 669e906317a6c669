import { csrfToken } from '@/api/csrf'
import { offline, Problem, type FieldError } from '@/api/problem'
import { currentLanguage, i18n } from '@/texts/i18n'
import { proveItIsYou } from './prove'

const BASE = '/_allauth/browser/v1'

export interface Flow {
  id: string
  is_pending?: boolean
  types?: string[]
}

/** What the account server answers: `data.flows` say what is still to do. */
export interface Answer<T = unknown> {
  status: number
  data: T & { flows?: Flow[] }
  meta?: { is_authenticated?: boolean; secret?: string; totp_url?: string; recovery_codes_generated?: boolean }
}

interface Refusal {
  errors?: { message: string; code: string; param?: string }[]
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function send(method: Method, path: string, body?: object): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': currentLanguage() }
  if (method !== 'GET') headers['X-CSRFToken'] = await csrfToken()
  if (body) headers['Content-Type'] = 'application/json'
  return fetch(BASE + path, { method, headers, body: body ? JSON.stringify(body) : null })
}

/** One call to the account server. Answers 200, 401 (something is still to do) and 404; raises Problem for the rest. */
export async function account<T>(method: Method, path: string, body?: object): Promise<Answer<T>> {
  let response: Response
  try {
    response = await send(method, path, body)
  } catch {
    throw offline()
  }
  const said = (await response.json().catch(() => ({}))) as Answer<T> & Refusal
  if (response.status === 401 && said.meta?.is_authenticated) {
    await proveItIsYou(said.data.flows ?? [])
    return account(method, path, body)
  }
  if (response.ok || response.status === 401 || response.status === 404) return { ...said, status: response.status }
  throw refusal(response.status, said)
}

function refusal(status: number, said: Refusal): Problem {
  const { t } = i18n.global
  const errors: FieldError[] = (said.errors ?? []).map((error) => ({ field: error.param ?? '', message: error.message }))
  const words: Record<number, string> = { 403: t('error.notAllowed'), 409: t('error.startOver'), 429: t('error.tooMany') }
  const message = errors[0]?.message ?? words[status] ?? t('error.unexpected', { status })
  return new Problem(status, said.errors?.[0]?.code ?? 'account', message, errors)
}

/** The step that a sign-in waits for; undefined: it is done. */
export function pending(answer: Answer): Flow | undefined {
  return answer.data?.flows?.find((flow) => flow.is_pending)
}
