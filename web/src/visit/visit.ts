import createClient from 'openapi-fetch'
import { ask, type Schema } from '@/api/client'
import { offline, problemOf } from '@/api/problem'
import type { paths } from '@/api/schema'
import { noteServerTime } from '@/access/clock'
import { keepKey, keptKey, newKey, type PhoneKey } from '@/access/keyStore'
import { base64url } from '@/access/permit'
import { currentLanguage } from '@/texts/i18n'

export type Visit = Schema['VisitOut']

/** The link's secret stands behind the #, which no server sees; it goes along as a header. */
const secret = window.location.hash.slice(1)
const client = createClient<paths>({ baseUrl: '/', headers: { Accept: 'application/json' } })
client.use({
  onRequest({ request }) {
    request.headers.set('Accept-Language', currentLanguage())
    request.headers.set('X-Visit', secret)
    return request
  },
})
const name = `visit.${secret.slice(0, 8)}`

export async function read(): Promise<Visit> {
  const asked = Date.now()
  const found = await ask(client.GET('/api/v1/visit'))
  noteServerTime(found.now, asked, Date.now())
  return found
}

/** This phone's key, when the visit's code is made here. */
export async function keyHere(visit: Visit): Promise<PhoneKey | undefined> {
  const key = await keptKey(name)
  return key && key.id === visit.key ? key : undefined
}

async function withNewKey(register: (point: string) => Promise<Visit>): Promise<Visit> {
  const { privateKey, point } = await newKey()
  const visit = await register(base64url(point))
  if (visit.key) await keepKey(name, { id: visit.key, person: '', privateKey })
  return visit
}

export function accept(version: number): Promise<Visit> {
  return withNewKey((point) => ask(client.POST('/api/v1/visit/accept', { body: { version, public: point } })))
}

export function useThisPhone(): Promise<Visit> {
  return withNewKey((point) => ask(client.POST('/api/v1/visit/key', { body: { public: point } })))
}

export async function decline(): Promise<void> {
  await ask(client.POST('/api/v1/visit/decline'))
}

export async function forget(): Promise<void> {
  await ask(client.DELETE('/api/v1/visit'))
}

export function checkFrame(image: Blob) {
  const body = new FormData()
  body.append('image', image, 'frame.jpg')
  return ask(client.POST('/api/v1/visit/face/check', { body: { image: '' }, bodySerializer: () => body }))
}

export async function showFace(images: Blob[], version: number): Promise<void> {
  const body = new FormData()
  images.forEach((image, place) => body.append('images', image, `${place}.jpg`))
  await ask(client.POST('/api/v1/visit/face', { params: { query: { version } }, body: { images: [] }, bodySerializer: () => body }))
}

export function hideFace(): Promise<Visit> {
  return ask(client.DELETE('/api/v1/visit/face'))
}

/** The visit as a calendar file, handed to the phone. Raises Problem. */
export async function saveCalendar(id: string): Promise<void> {
  const headers = { 'X-Visit': secret, 'Accept-Language': currentLanguage() }
  const answer = await fetch(`/api/v1/visit/${id}/calendar.ics`, { headers }).catch(() => {
    throw offline()
  })
  if (!answer.ok) throw problemOf(answer.status, await answer.json().catch(() => null))
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await answer.blob())
  link.download = 'anju.ics'
  link.click()
  URL.revokeObjectURL(link.href)
}
