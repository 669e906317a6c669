"""The console's own pages, all behind the site's door."""

from anju.console import home_import, live, monitor, outbox, reviews, self_test
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
]
