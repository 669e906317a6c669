"""The console's own pages, all behind the site's door."""

from anju.console import devices, duties, exports, glasses, home_import, live, monitor, outbox, reviews, self_test
from anju.console.pages import at

pages = [
    at("reviews/", reviews.queue, "reviews"),
    at("reviews/rows/", reviews.rows, "review_rows"),
    at("reviews/<uuid:application>/", reviews.review, "review"),
    at("reviews/<uuid:application>/decide/", reviews.decide, "review_decide"),
    at("reviews/<uuid:application>/reveal/", reviews.reveal, "review_reveal"),
    at("monitor/", monitor.monitor, "monitor"),
    at("monitor/entries/", monitor.latest, "monitor_latest"),
    at("monitor/entries/<uuid:entry>/", monitor.entry, "monitor_entry"),
    at("monitor/gates/<uuid:gate>/", monitor.gate, "monitor_gate"),
    at("monitor/gates/<uuid:gate>/open/", monitor.open_gate, "monitor_open"),
    at("outbox/", outbox.outbox, "outbox"),
    at("outbox/rows/", outbox.rows, "outbox_rows"),
    at("outbox/<uuid:message>/read/", outbox.read, "outbox_read"),
    at("self-test/", self_test.self_test, "self_test"),
    at("homes/import/", home_import.upload, "home_import"),
    at("homes/import/template.<str:form>", home_import.template, "home_import_template"),
    at("homes/import/carry-out/", home_import.carry_out, "home_import_carry_out"),
    at("live-ticket/", live.ticket, "live_ticket"),
    at("duties/", duties.duties, "duties"),
    at("devices/", devices.devices, "devices"),
    at("devices/sessions/<int:session>/end/", devices.end, "device_end"),
    at("devices/<int:device>/forget/", devices.forget, "device_forget"),
    at("glasses/", glasses.glasses, "glasses"),
    at("glasses/ask/", glasses.ask, "glass_ask"),
    at("glasses/<uuid:glass>/", glasses.glass, "glass"),
    at("glasses/<uuid:glass>/decide/", glasses.decide, "glass_decide"),
    at("glasses/<uuid:glass>/reveal/", glasses.reveal, "glass_reveal"),
    at("exports/", exports.exports, "exports"),
    at("exports/rows/", exports.rows, "export_rows"),
    at("exports/<uuid:export>/decide/", exports.decide, "export_decide"),
    at("exports/<uuid:export>/download/", exports.download, "export_download"),
]
