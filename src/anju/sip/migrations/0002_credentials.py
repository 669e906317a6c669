"""What the SIP server may read: the devices that may register now, and of them a name and a hash.

The view runs as the tables' owner; the role `anju_sip` has it and nothing else. It is asked at every registration and every call,
so a right that ends, ends with the next of them. A purpose's new version alone does not end registrations: who rings is asked of
the platform, which knows.
"""

from django.db import migrations

VIEW = """
create view sip_credentials as
select device.username, device.ha1
from sip_sipdevice device
where device.person_id is null or (
    exists (
        select from homes_member member
        where member.person_id = device.person_id and member.home_id = device.home_id
        and member.since <= now() and (member.until is null or member.until > now())
    )
    and exists (select from people_person person where person.id = device.person_id and person.is_active)
    and 'granted' = (
        select action from privacy_consent
        where subject = device.person_id and purpose = 'intercom' order by id desc limit 1
    )
);
do $$ begin
    if exists (select from pg_roles where rolname = 'anju_sip') then
        grant usage on schema public to anju_sip;
        grant select on sip_credentials to anju_sip;
    end if;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sip", "0001_initial"),
        ("homes", "0004_household"),
        ("people", "0002_children"),
        ("privacy", "0001_initial"),
    ]
    operations = [migrations.RunSQL(VIEW, "drop view sip_credentials")]
