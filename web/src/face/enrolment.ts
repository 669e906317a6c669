import { api, ask } from '@/api/client'

export const WANTED = 3
export const FRAME = { longest: 1280, quality: 0.9 }

/** Form data that openapi-fetch passes on as it is: its types know files only as strings. */
function form(name: string, images: Blob[]): FormData {
  const body = new FormData()
  images.forEach((image, place) => body.append(name, image, `${place}.jpg`))
  return body
}

/** What is wrong with one frame. Raises Problem. */
export function checkFrame(image: Blob) {
  return ask(api.POST('/api/v1/face/check', { body: { image: '' }, bodySerializer: () => form('image', [image]) }))
}

/** Raises Problem. */
export function enrol(images: Blob[]) {
  return ask(api.POST('/api/v1/face', { body: { images: [] }, bodySerializer: () => form('images', images) }))
}
