export type CameraFault = 'denied' | 'none' | 'busy' | 'insecure'

/** The camera could not be opened; `fault` says why. */
export class CameraError extends Error {
  constructor(readonly fault: CameraFault) {
    super(fault)
  }
}

const FAULTS: Record<string, CameraFault> = { NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'none', OverconstrainedError: 'none' }

/** Raises CameraError. */
export async function openCamera(width: number, height: number): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new CameraError('insecure')
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: 'user', width: { ideal: width }, height: { ideal: height } } })
  } catch (error) {
    throw new CameraError((error instanceof DOMException && FAULTS[error.name]) || 'busy')
  }
}

/** One frame as JPEG, as the camera saw it, its long side at most `longest` pixels; null while there is no picture yet. */
export async function frameOf(video: HTMLVideoElement, longest: number, quality: number): Promise<Blob | null> {
  const { videoWidth, videoHeight } = video
  if (!videoWidth) return null
  const scale = Math.min(1, longest / Math.max(videoWidth, videoHeight))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(videoWidth * scale)
  canvas.height = Math.round(videoHeight * scale)
  canvas.getContext('2d')?.drawImage(video, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
}
