import { UA, WebSocketInterface } from 'jssip'
import type { RTCSession } from 'jssip/lib/RTCSession'

/** With what this page calls a home's SIP phones; the platform gives it with each call. */
export interface SipAccount {
  uri: string
  password: string
  ws: string
  to: string
}

interface Options {
  account: SipAccount
  /** The call that these phones ring for as well. */
  call: string
  picture: MediaStreamTrack | null
  answered: (leg: SipLeg) => void
}

const GATHER = 500

/** The same call, to the phones of the home that speak SIP. Whether one of them was first, the platform decides. */
export class SipLeg {
  readonly heard = new MediaStream()
  readonly seen = new MediaStream()
  private readonly silence = new AudioContext()
  private readonly agent: UA
  private session: RTCSession | null = null
  private over = false

  constructor(private readonly options: Options) {
    const { uri, password, ws } = options.account
    this.agent = new UA({ sockets: [new WebSocketInterface(ws)], uri, password, register: false, session_timers: false })
    this.agent.on('connected', () => this.call())
    this.agent.start()
  }

  /** Silence is sent until somebody answers: the microphone is not open before. */
  private call(): void {
    if (this.over || this.session) return
    const quiet = this.silence.createMediaStreamDestination().stream.getAudioTracks()
    const mediaStream = new MediaStream([...quiet, ...(this.options.picture ? [this.options.picture] : [])])
    const session = this.agent.call(this.options.account.to, {
      mediaStream,
      extraHeaders: [`X-Anju-Call: ${this.options.call}`],
      pcConfig: { iceServers: [], bundlePolicy: 'max-compat' }, // the relay has a port for each
      rtcOfferConstraints: { offerToReceiveAudio: true, offerToReceiveVideo: true },
    })
    this.session = session
    session.connection?.addEventListener('track', ({ track }) => (track.kind === 'audio' ? this.heard : this.seen).addTrack(track))
    let late: ReturnType<typeof setTimeout> | undefined
    session.on('icecandidate', ({ ready }: { ready: () => void }) => (late ??= setTimeout(ready, GATHER)))
    session.on('accepted', () => this.options.answered(this))
    session.on('ended', () => this.end())
    session.on('failed', () => this.end())
  }

  /** Speak from now on; the microphone remains the caller's to close. Raises DOMException when it may not be used. */
  async speak(voice: Promise<MediaStream>): Promise<void> {
    const stream = await voice
    if (this.over) return
    const sender = this.session?.connection?.getSenders().find(({ track }) => track?.kind === 'audio')
    await sender?.replaceTrack(stream.getAudioTracks()[0] ?? null)
  }

  end(): void {
    if (this.over) return
    this.over = true
    if (this.session && !this.session.isEnded()) this.session.terminate()
    this.agent.stop()
    void this.silence.close()
  }
}
