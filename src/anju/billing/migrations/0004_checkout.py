import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_repayment"),
    ]

    operations = [
        migrations.AddField(
            model_name="checkout",
            name="link",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="billing.paylink"
            ),
        ),
        migrations.AddField(
            model_name="checkout",
            name="shown",
            field=models.CharField(choices=[("code", "code"), ("page", "page")], default="code", max_length=4),
        ),
    ]
