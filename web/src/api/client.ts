import createClient from 'openapi-fetch'
import { currentLanguage } from '@/texts/i18n'
import { csrfToken } from './csrf'
import { offline, problemOf } from './problem'
import type { components, paths } from './schema'

export type Schema = components['schemas']

export const api = createClient<paths>({ baseUrl: '/', headers: { Accept: 'application/json' } })

let onSignedOut: () => void = () => undefined

/** What to do when the server no longer knows us. */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act
}

api.use({
  async onRequest({ request }) {
    request.headers.set('Accept-Language', currentLanguage())
    if (request.method !== 'GET') request.headers.set('X-CSRFToken', await csrfToken())
    return request
  },
  onResponse({ response }) {
    if (response.status === 401) onSignedOut()
  },
})

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** What the server answers. Raises Problem. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await call
  } catch {
    throw offline()
  }
  if (!answer.response.ok) throw problemOf(answer.response.status, answer.error)
  return answer.data as T
}
