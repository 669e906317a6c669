function cookie(): string {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? ''
}

/** The token that proves a write comes from our own pages. */
export async function csrfToken(): Promise<string> {
  if (!cookie()) await fetch('/_allauth/browser/v1/config')
  return cookie()
}
