from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0003_unionpay"),
    ]

    operations = [
        migrations.AlterField(
            model_name="refund",
            name="state",
            field=models.CharField(
                choices=[
                    ("sent", "已申请"),
                    ("waiting", "退款中"),
                    ("done", "已退款"),
                    ("failed", "退款未成"),
                    ("again", "已重新申请"),
                    ("other", "已另行退还"),
                ],
                default="sent",
                max_length=7,
                verbose_name="状态",
            ),
        ),
    ]
