"""What the gate says, in Chinese and English, by the codes of its screen."""

from anju.recognition.advice import ADVICE, NOT_LIVE, Text
from anju.recognition.quality import Issue

TEXTS = {
    "no_face": Text("请面向镜头，或出示二维码", "Please face the camera, or show your QR code"),
    "hold_still": Text("请稍停一下", "Please hold still"),
    NOT_LIVE: ADVICE[NOT_LIVE],
    "not_recognised": Text(
        "没有认出您，请出示二维码或联系物业",
        "You were not recognised. Please use your QR code or contact the property office",
    ),
    "recognised": Text("欢迎回家，请进", "Welcome home, please come in"),
    "qr_ok": Text("验证通过，请进", "Welcome, please come in"),
    "remote_open": Text("门已打开，请进", "The door is open, please come in"),
    "call_open": Text("门已打开，请进", "The door is open, please come in"),
    "qr_expired": Text(
        "二维码已过期，请刷新；若仍不行，请校准手机时间",
        "This code has expired. Refresh it; if that fails, set your phone's clock",
    ),
    "qr_replayed": Text("这个二维码已用过，请等待刷新", "This code has been used. Please wait for the next one"),
    "qr_unknown": Text("这个二维码不能开本门", "This code does not open this gate"),
    "outside_window": Text(
        "现在不在您的有效期内，请联系物业",
        "You may not enter at this time. Please contact the property office",
    ),
    "enrol_look": Text(
        "请收起手机，看向镜头录入人脸", "Put your phone away and look into the camera to enrol your face"
    ),
    "enrol_more": Text("很好，请继续看向镜头", "Good, keep looking into the camera"),
    "enrol_done": Text("人脸已录入，只保存在这台门禁里", "Your face is enrolled, and stays in this gate alone"),
    "enrol_alike": Text(
        "您与已录入的邻居太相像，为安全起见请用二维码开门",
        "You look too much like a neighbour. To be safe, please use your QR code",
    ),
    "enrol_invalid": Text(
        "录入码无效或已过期，请在手机上重新生成", "This code is not valid any more. Please make a new one on your phone"
    ),
    "enrol_used": Text(
        "这台门禁已有您的人脸，如需重录请在手机上选择“重新录入”",
        "This gate has your face. To enrol again, choose so on your phone",
    ),
    "revoked": Text("您的通行权限已终止，请联系物业", "Your access has ended. Please contact the property office"),
    "way_not_granted": Text(
        "您没有开通这种开门方式，请换一种方式或联系物业",
        "This way in is not enabled for you. Please use another or contact the property office",
    ),
    "clock_unsure": Text(
        "门禁暂时无法确认时间，请用人脸开门或联系物业",
        "This gate cannot tell the time just now. Please use your face or contact the property office",
    ),
    "nearby_ok": Text("门已打开，请进", "The door is open, please come in"),
    "used_up": Text(
        "可进入的次数已用完，请联系邀请您的住户", "No entries are left. Please contact whoever invited you"
    ),
    "permit_unknown": Text(
        "手机的开门许可在这个门无效，请联网后重试", "Your phone's permit is not valid here. Go online and try again"
    ),
    "permit_expired": Text(
        "手机的开门许可已过期，请联网后重试", "Your phone's permit has expired. Go online and try again"
    ),
    "permit_replayed": Text("请求已失效，请再点一次", "This request is out of date. Please press again"),
    "too_many": Text("操作太频繁，请一分钟后再试", "Too many tries. Please wait a minute"),
    "no_plate": Text("没有看到车牌，请把车停正", "No number plate in view. Please stop straight before the barrier"),
    "plate_ok": Text("车牌识别成功，请通行", "Your car was recognised. Please drive on"),
    "plate_unknown": Text(
        "这辆车没有登记，请联系住户或门岗", "This car is not registered. Please ask your host or the guard"
    ),
    "plate_unsure": Text(
        "看不清车牌，请稍等或联系门岗", "The plate cannot be read for sure. Please wait, or ask the guard"
    ),
    "locked": Text(
        "门禁已锁闭，请联系物业或门岗", "This gate is locked. Please contact the property office or the guard"
    ),
    "free_pass": Text("门已常开，请直接通行", "This gate stands open, please go through"),
    "lift_failed": Text("电梯没有响应，请手动按楼层", "The lift does not answer. Please press your floor by hand"),
    "busy": Text("请稍候", "One moment, please"),
}

HINTS = {
    Issue.NO_FACE: "no_face",
    Issue.MANY_FACES: "many_faces",
    Issue.TOO_SMALL: "come_closer",
    Issue.TOO_LARGE: "step_back",
    Issue.OFF_CENTRE: "look_straight",
    Issue.TURNED: "look_straight",
    Issue.TILTED: "look_straight",
    Issue.TOO_DARK: "too_dark",
    Issue.TOO_BRIGHT: "too_bright",
    Issue.UNEVEN_LIGHT: "too_dark",
    Issue.BLURRED: "hold_still",
    Issue.COVERED: "look_straight",
}
"""The screen's code for a picture that is not good enough; its text is the finer advice."""
