/** A server through which a call may have to go. */
export interface Ice {
  urls: string[]
  username?: string | null
  credential?: string | null
}

const GATHER = 600
const VOICE: MediaStreamConstraints = { audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } }

function peerBy(ice: Ice[]): RTCPeerConnection {
  const iceServers = ice.map(({ urls, username, credential }) => ({ urls, username: username ?? undefined, credential: credential ?? undefined }))
  return new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' })
}

/** This side's half, with every address found so far: nothing is sent after it. */
async function half(peer: RTCPeerConnection): Promise<string> {
  if (peer.iceGatheringState !== 'complete') {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHER)
      peer.addEventListener('icegatheringstatechange', () => {
        if (peer.iceGatheringState !== 'complete') return
        clearTimeout(timer)
        resolve()
      })
    })
  }
  return peer.localDescription?.sdp ?? ''
}

/** The microphone, opened only while somebody talks. Raises DOMException when it may not be used. */
export function openMicrophone(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia(VOICE)
}

export type Fate = 'connected' | 'lost'

/** One conversation. The microphone and one's own picture are added when they are wanted; nothing has to be agreed anew for it. */
export class Conversation {
  /** Apart from the picture, for a player waits for all that it is given, and a picture may never come. */
  readonly heard: MediaStream
  /** Muted while there is none. */
  readonly seen: MediaStream
  private readonly own: MediaStream[] = []
  private gone = false

  private constructor(
    private readonly peer: RTCPeerConnection,
    private readonly voice: RTCRtpTransceiver,
    private readonly picture: RTCRtpTransceiver,
    fate: (fate: Fate) => void,
  ) {
    peer.addEventListener('connectionstatechange', () => {
      if (peer.connectionState === 'connected') fate('connected')
      if (peer.connectionState === 'failed') fate('lost')
    })
    this.heard = new MediaStream([voice.receiver.track])
    this.seen = new MediaStream([picture.receiver.track])
  }

  /** The gate's side: sends its picture at once and its voice later. Returns it with the half that goes to the other side. */
  static async offer(ice: Ice[], picture: MediaStreamTrack | null, fate: (fate: Fate) => void): Promise<[Conversation, string]> {
    const peer = peerBy(ice)
    const voice = peer.addTransceiver('audio', { direction: 'sendrecv' })
    const seen = peer.addTransceiver(picture ?? 'video', { direction: 'sendrecv' })
    const made = new Conversation(peer, voice, seen, fate)
    await peer.setLocalDescription()
    return [made, await half(peer)]
  }

  /** The side that answers. Returns it with its own half. Raises when the other half makes no sense. */
  static async answer(ice: Ice[], offer: string, fate: (fate: Fate) => void): Promise<[Conversation, string]> {
    const peer = peerBy(ice)
    await peer.setRemoteDescription({ type: 'offer', sdp: offer })
    const [voice, picture] = ['audio', 'video'].map((kind) => peer.getTransceivers().find(({ receiver }) => receiver.track.kind === kind))
    if (!voice || !picture) throw new Error('no voice or no picture in the offer')
    voice.direction = picture.direction = 'sendrecv'
    const made = new Conversation(peer, voice, picture, fate)
    await peer.setLocalDescription()
    return [made, await half(peer)]
  }

  /** The gate's side takes the other half. */
  async complete(answer: string): Promise<void> {
    await this.peer.setRemoteDescription({ type: 'answer', sdp: answer })
  }

  /** Speak from now on. Raises DOMException when the microphone may not be used. */
  async speak(voice: Promise<MediaStream> = openMicrophone()): Promise<void> {
    await this.send(this.voice, await voice, 'audio')
  }

  mute(muted: boolean): void {
    const track = this.voice.sender.track
    if (track) track.enabled = !muted
  }

  /** Be seen from now on, or no more. Raises DOMException. */
  async beSeen(seen: boolean): Promise<void> {
    if (seen) {
      await this.send(this.picture, await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'user', width: { ideal: 640 } } }), 'video')
      return
    }
    this.picture.sender.track?.stop()
    await this.picture.sender.replaceTrack(null)
  }

  private async send(by: RTCRtpTransceiver, stream: MediaStream, kind: string): Promise<void> {
    this.own.push(stream)
    if (this.gone) return this.close() // it ended while the person was asked
    await by.sender.replaceTrack(stream.getTracks().find((track) => track.kind === kind) ?? null)
  }

  close(): void {
    this.gone = true
    for (const stream of this.own) for (const track of stream.getTracks()) track.stop()
    this.peer.close()
  }
}
