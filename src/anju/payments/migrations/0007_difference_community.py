"""Differences belong to the community whose order they name; those that name none of ours to no community."""

import django.db.models.deletion
from django.db import migrations, models

KNOWN = """
select set_config('anju.communities', '*', true);
update payments_difference difference set community_id = payment.community_id from payments_payment payment
where payment.through = difference.through and payment.number = difference.number;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("homes", "0004_household"),
        ("payments", "0006_wallet"),
    ]

    operations = [
        migrations.AddField(
            model_name="difference",
            name="community",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, to="homes.community", verbose_name="小区"
            ),
        ),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
    ]
